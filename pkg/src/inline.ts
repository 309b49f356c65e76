// Wasm as text in the JavaScript: no file to copy, no set-up call, and it gzips as well as the wasm itself.
// A printable octet stands for itself (shifted by 42); any other is a mark for its upper bits and one character.
// `encode` in build.mjs writes what `compile` reads.

/** Reads wasm written as text, and compiles it. */
export function compile(text: string): WebAssembly.Module {
  const octets = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let value = text.charCodeAt(at);
    if (value > 122) value = ((value - 123) << 6) | (text.charCodeAt(++at) - 35);
    octets[length++] = value - 42;
  }
  return new WebAssembly.Module(octets.subarray(0, length));
}
