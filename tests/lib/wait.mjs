// Waiting, with an end: asks again and again until the answer is true, and bounds a promise by time.
// Refuses to wait in silence: giving up names what was waited for.
export const pause = (ms) => new Promise((next) => setTimeout(next, ms));

/** Asks until `question()` gives something true, and gives that. */
export async function until(what, question, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await question();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await pause(50);
  }
}

/** The promise's own end, or `otherwise()` after `ms`. The timer never keeps the process alive by itself. */
export async function within(ms, promise, otherwise) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => {
      try {
        resolve(otherwise());
      } catch (error) {
        reject(error);
      }
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
