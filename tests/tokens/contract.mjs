// What every store must do, for any runtime: kept texts end, one lock at a time, a lock ends by itself, a lost lock cannot write.
// `make` gives two handles on one store, as two processes would have; `name` is new for each run.

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function equal(found, wanted, what) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${what}: expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
}

function near(left, wanted, what) {
  if (!(left > wanted - 5_000 && left <= wanted)) throw new Error(`${what}: expected about ${wanted}, found ${left}`);
}

/**
 * Runs all checks; answers how many there were. A store whose engine tells no time counts a lock's end from the first look
 * at it: `looks`.
 */
export async function contract(one, other, name, { looks = false } = {}) {
  let checks = 0;
  const is = (...args) => (equal(...args), (checks += 1));

  is((await one.read(name)) ?? null, null, "nothing is kept at first");
  const lock = await one.lock(name, 20_000);
  is(typeof lock.fence, "string", "a lock has a fence");
  is(lock.kept ?? null, null, "nothing was kept when it was got");
  is((await other.lock(name, 20_000)) ?? null, null, "a second lock is not given");
  is(await other.write(name, "1.wrong", "theft", 60_000), false, "a fence that was never given cannot write");
  await other.unlock(name, "1.wrong");
  is((await other.lock(name, 20_000)) ?? null, null, "nor can it unlock");
  is(await one.write(name, lock.fence, 'text ✓ "1"', 60_000), true, "whoever has the lock writes");
  const read = await other.read(name);
  is(read.text, 'text ✓ "1"', "the other side reads the same text");
  near(read.left, 60_000, "and how long it is left");
  is(await one.write(name, lock.fence, "again", 60_000), false, "writing has unlocked");

  const next = await other.lock(name, 20_000);
  is(next.kept.text, 'text ✓ "1"', "a lock tells what is kept");
  near(next.kept.left, 60_000, "and how long");
  is(next.fence === lock.fence, false, "no fence comes twice");
  await other.unlock(name, next.fence);
  const third = await one.lock(name, 400);
  is(typeof third?.fence, "string", "after unlocking, the next lock is given");

  await sleep(600);
  let taken = await other.lock(name, 20_000);
  if (looks) {
    is(taken ?? null, null, "a lock that is seen for the first time may have just been got");
    await sleep(600);
    taken = await other.lock(name, 20_000);
  }
  is(typeof taken?.fence, "string", "a lock whose holder has gone ends by itself");
  is(await one.write(name, third.fence, "late", 60_000), false, "whoever lost the lock cannot write");
  is((await one.read(name)).text, 'text ✓ "1"', "and has not");
  await one.unlock(name, third.fence);
  is((await one.lock(name, 20_000)) ?? null, null, "nor can it unlock for the new holder");

  if (one.changed) {
    const started = Date.now();
    const waited = one.changed(name, 10_000).then(() => Date.now() - started);
    await sleep(100);
    is(await other.write(name, taken.fence, "second", 300), true, "the new holder writes");
    is((await waited) < 3_000, true, "and whoever waited for it hears");
    const idle = Date.now();
    await one.changed(name, 10_000);
    is(Date.now() - idle < 3_000, true, "nobody waits for a lock that nobody holds");
  } else is(await other.write(name, taken.fence, "second", 300), true, "the new holder writes");
  is((await one.read(name)).text, "second", "the newer text is kept");
  await sleep(500);
  is((await one.read(name)) ?? null, null, "a text ends");

  // What a session store does besides.
  const session = `${name}-session`;
  is(await one.compareAndSet(session, "x", "y", 60_000), false, "a text that is not there is not changed");
  is((await one.read(session)) ?? null, null, "nor made");
  is(await one.compareAndSet(session, undefined, 'first ✓ "1"', 60_000), true, "one that must not be there is made");
  is(await other.compareAndSet(session, undefined, "second", 60_000), false, "once");
  is(await other.compareAndSet(session, 'first ✓ "2"', "second", 60_000), false, "another text is not changed");
  const made = await other.read(session);
  is(made.text, 'first ✓ "1"', "and stays as it was");
  near(made.left, 60_000, "for as long");
  const holder = await one.lock(session, 20_000);
  is(await other.compareAndSet(session, made.text, "second", 60_000), true, "the right one is changed, whoever has the lock");
  is((await one.read(session)).text, "second", "the new one is kept");
  is((await other.lock(session, 20_000)) ?? null, null, "the lock stays");
  is(await one.write(session, holder.fence, "third", 60_000), true, "and its holder writes");
  const swaps = await Promise.all([one, other, one, other, one, other].map((each, at) => each.compareAndSet(session, "third", `by ${at}`, 60_000)));
  is(swaps.filter(Boolean).length, 1, "of many at once, one changes it");
  const held = await one.lock(session, 20_000);
  await other.delete(session);
  is((await one.read(session)) ?? null, null, "a deleted text is gone");
  is((await other.lock(session, 20_000)) ?? null, null, "its lock stays");
  is(await one.compareAndSet(session, held.kept.text, "back", 60_000), false, "and it does not come back");
  await one.unlock(session, held.fence);
  await other.delete(session);
  is(await other.compareAndSet(session, undefined, "brief", 300), true, "it can be made anew");
  await sleep(500);
  is(await one.compareAndSet(session, "brief", "late", 60_000), false, "one that ended is not changed");
  is(await one.compareAndSet(session, undefined, "anew", 60_000), true, "and counts as not there");

  const names = [`${name}-a`, `${name}-b`];
  const locks = await Promise.all([...names, ...names, ...names].map((each, at) => (at % 2 ? one : other).lock(each, 20_000)));
  is(locks.filter(Boolean).length, 2, "of many at once, one gets each lock");
  return checks;
}
