// Machines that live in the wasm between steps. One lives as long as the instance it was made in, which its `Run` holds: nothing is
// freed by hand. The core's allocator never frees either, so an instance that no run is left in is overwritten and used anew, and
// one that has grown while runs wait in it takes no new ones: it is collected with the last of them.

import { now } from "./clock.js";
import { parseError } from "./error.js";
import { type Core, type Exports, coreOf, instance as fresh, unavailable } from "./wasm.js";

/** What a wasm with machines exports beside its plain call. */
interface Machines extends Exports {
  readonly run_start: (input: number, inputLength: number, random: number, randomLength: number) => number;
  readonly run_text: (run: number) => number;
  readonly run_step: (run: number, input: number, inputLength: number, octets: number, octetsLength: number, random: number, randomLength: number) => void;
}

interface Instance {
  readonly core: Machines;
  /** Where its constants end: all above is zero in a new instance. */
  readonly end: number;
  /** Octets of its memory when it was new. */
  readonly size: number;
  /** How many runs are on their way in it. */
  runs: number;
  broken: boolean;
}

/** Octets by which an instance may have grown before new runs go to another. */
const GROWTH = 1 << 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const NONE = new Uint8Array(0);

const instances = new WeakMap<Core, Instance>();

function instance(of: Core): Instance {
  const current = instances.get(of);
  if (current && !current.broken && current.core.memory.buffer.byteLength - current.size < GROWTH) return current;
  const core = fresh(of) as Machines;
  const made = { core, end: of.end, size: core.memory.buffer.byteLength, runs: 0, broken: false };
  instances.set(of, made);
  return made;
}

// Random octets in stock: asking the host for 32 costs as much as asking for many. What was given out is overwritten.
const stock = new Uint8Array(1024);
let used = stock.length;

function random(count: number): Uint8Array {
  if (used + count > stock.length) {
    crypto.getRandomValues(stock);
    used = 0;
  }
  used += count;
  return stock.subarray(used - count, used);
}

/** A step: what is to be done, and its lines. */
export interface RunStep {
  readonly name: string;
  readonly rest: string;
}

/** A machine on its way. */
export class Run {
  readonly #instance: Instance;
  readonly #offset: number;
  readonly #run: number;
  #over = false;
  /** The newest DPoP nonce of the server's. */
  nonce = "";
  /** Whether the answer leaves what was sent as good as it was. */
  keeps = false;

  /**
   * Makes a machine of an operation and its lines. `offset`: seconds to add to this machine's clock.
   *
   * @throws {SamtykkeError} What the machine refuses at its first step is thrown by {@link first}.
   */
  constructor(operation: string, lines: string, offset = 0, octets = 32) {
    this.#offset = offset;
    this.#instance = instance(coreOf(`>${operation}`));
    this.#instance.runs++;
    this.#run = this.#within((core) => {
      const [at, length, own] = this.#written(core, `${operation}\n${now() + offset}\n${lines}`, NONE, octets);
      const run = core.run_start(at, length, own, octets);
      new Uint8Array(core.memory.buffer, at, own + octets - at).fill(0);
      return run >>> 0;
    });
  }

  /** The first step. */
  first(): RunStep {
    return this.#read();
  }

  /** Says what came of the last step: its name and lines, then a body, a signature or a digest. Gives the next step. */
  step(name: string, lines = "", octets: Uint8Array = NONE): RunStep {
    this.#within((core) => {
      const [at, length, own] = this.#written(core, `${name}\n${now() + this.#offset}\n${lines}`, octets, 32);
      core.run_step(this.#run, at, length, own - octets.length, octets.length, own, 32);
      new Uint8Array(core.memory.buffer, at, own + 32 - at).fill(0);
    });
    return this.#read();
  }

  /** Nobody waits for it any more. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    const { core, end } = this.#instance;
    if (--this.#instance.runs || this.#instance.broken) return;
    // Brings back the memory of a new instance, and leaves none of its secrets behind.
    const top = core.__wbindgen_malloc(1, 1) >>> 0;
    new Uint8Array(core.memory.buffer, end, top + 1 - end).fill(0);
  }

  #read(): RunStep {
    const text = this.#within((core) => {
      const place = core.run_text(this.#run);
      return decoder.decode(new Uint8Array(core.memory.buffer, place % 2 ** 32, place / 2 ** 32));
    });
    const nonce = text.indexOf("\n");
    this.keeps = text[nonce - 1] === " ";
    this.nonce = text.slice(0, nonce).trim() || this.nonce;
    if (text[nonce + 1] === "!") {
      this.end();
      throw parseError(text.slice(nonce + 1));
    }
    const name = text.indexOf("\n", nonce + 1);
    return { name: text.slice(nonce + 1, name), rest: text.slice(name + 1) };
  }

  /** Text, octets and randomness side by side; gives where the text begins, its length, and where the randomness begins. */
  #written(core: Machines, text: string, octets: Uint8Array, count: number): [number, number, number] {
    const room = text.length * 3;
    const at = core.__wbindgen_malloc(room + octets.length + count, 1) >>> 0;
    const input = new Uint8Array(core.memory.buffer, at, room + octets.length + count);
    const length = encoder.encodeInto(text, input).written;
    input.set(octets, room);
    const drawn = random(count);
    input.set(drawn, room + octets.length);
    drawn.fill(0);
    return [at, length, at + room + octets.length];
  }

  #within<T>(work: (core: Machines) => T): T {
    try {
      return work(this.#instance.core);
    } catch (cause) {
      // A trapped instance is in an unknown state: never used again, and all runs in it are over.
      this.#instance.broken = true;
      this.#over = true;
      throw unavailable(cause, "try_later");
    }
  }
}
