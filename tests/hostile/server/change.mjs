// What a fault is made of: operators over a flat object, so that every fault is a row of data.
// Values get a suffix (the suite appends "1"), go missing, move in time, become lists, or are put in place of others.
// Refuses an operator it does not know, and one whose member is not there: a fault that is not sent would prove nothing.

const OPERATORS = {
  /** name → text put after the value. */
  append: (at, name, suffix) => `${need(at, name)}${suffix}`,
  /** name → number added to the value. */
  add: (at, name, number) => need(at, name) + number,
  /** name → seconds from now. */
  fromNow: (at, name, seconds, now) => now + seconds,
  /** name → any value. */
  set: (_, __, value) => value,
  /** name → further members: the value becomes a list with these after it; "+1" stands for the value with "1" after it. */
  list: (at, name, more) => [need(at, name), ...more.map((one) => (one === "+1" ? `${at[name]}1` : one))],
  /** name → true: letters change their case. */
  otherCase: (at, name) => [...need(at, name)].map((one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase())).join(""),
  /** name → true: gone. */
  remove: (at, name) => {
    need(at, name);
    return undefined;
  },
};

function need(values, name) {
  if (values[name] === undefined) throw new Error(`the fault changes ${name}, which is not there`);
  return values[name];
}

/** The values with the operators of `change` applied; keys of `change` that are no operators are for others (`sign`, `header`). */
export function changed(values, change = {}, now = Math.floor(Date.now() / 1000)) {
  const out = { ...values };
  for (const [operator, members] of Object.entries(change)) {
    if (FOR_OTHERS.includes(operator)) continue;
    if (!OPERATORS[operator]) throw new Error(`no operator ${operator}`);
    for (const [name, value] of Object.entries(members)) {
      const made = OPERATORS[operator](out, name, value, now);
      if (made === undefined) delete out[name];
      else out[name] = made;
    }
  }
  return out;
}

/** Read by sign.mjs and by single endpoints. */
const FOR_OTHERS = ["sign", "header", "key", "wrap", "text", "status", "headers", "redirect", "body", "hybrid"];
