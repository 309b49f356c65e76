// The string literals of TypeScript, and the words of the wire that stand in the crate's sources.

const KEYWORD = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;

/** Whether a slash behind this text begins a regular expression, and is no division. */
const beginsRegex = (before) => /[([{,;=:!&|?+\-*%~^<>]$/.test(before) || before === "" || KEYWORD.test(before);

/** Every string literal and every template without a hole, with its line. Comments, regular expressions and holes are read past. */
export function stringLiterals(text) {
  const found = [];
  let at = 0;
  let code = "";
  const line = () => text.slice(0, at).split("\n").length;
  /** Reads code up to the brace that closes it, or to the end. */
  const read = (inHole) => {
    for (let depth = 0; at < text.length; ) {
      const here = text[at];
      if (text.startsWith("//", at)) at = (text.indexOf("\n", at) + 1 || text.length + 1) - 1;
      else if (text.startsWith("/*", at)) at = text.indexOf("*/", at) + 2;
      else if (here === '"' || here === "'") {
        const start = at;
        for (at++; text[at] !== here; at++) if (text[at] === "\\") at++;
        at++;
        found.push({ value: text.slice(start + 1, at - 1), line: line() });
        code += '"';
      } else if (here === "`") {
        template();
        code += '"';
      } else if (here === "/" && beginsRegex(code.trimEnd())) {
        let inClass = false;
        for (at++; inClass || text[at] !== "/"; at++) {
          if (text[at] === "\\") at++;
          else if (text[at] === "[") inClass = true;
          else if (text[at] === "]") inClass = false;
        }
        at++;
        code += '"';
      } else {
        if (here === "{") depth++;
        if (here === "}" && inHole && depth-- === 0) return;
        code = (code + here).slice(-40);
        at++;
      }
    }
  };
  const template = () => {
    const start = ++at;
    let whole = true;
    while (text[at] !== "`") {
      if (text[at] === "\\") at += 2;
      else if (text.startsWith("${", at)) {
        whole = false;
        at += 2;
        code += "(";
        read(true);
        at++;
      } else at++;
    }
    if (whole) found.push({ value: text.slice(start, at), line: line() });
    at++;
  };
  read(false);
  return found;
}

const RUST_TEXT = /"((?:[^"\\]|\\[\s\S])*)"/g;
const rust = (source) => source.replace(/^\s*\/\/.*$/gm, "");

/** Every name in small letters with an underscore that stands in a text of a Rust source: members of forms and documents, codes. */
export function snakeWords(source) {
  const texts = [...rust(source).matchAll(RUST_TEXT)].map(([, text]) => text.replace(/\\\n\s*/g, " "));
  return texts.flatMap((text) => text.split(" ")).filter((word) => /^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/.test(word));
}

/** Every member that a Rust source reads or writes by its name, whatever it looks like. */
export const members = (source) => [...rust(source).matchAll(/\.(?:text|get|string|raw|seconds|some)\(\s*"([A-Za-z0-9#]+)"/g)].map(([, name]) => name);
