// The rest of a consumer's page: runs the README's block (readme.js), then shows the creditors, or the code of what went wrong.
const show = (kind, lines) => {
  const result = document.querySelector("#result");
  result.replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  result.dataset.kind = kind;
};

try {
  await import("./readme.js");
  const failed = new URLSearchParams(location.search).get("error"); // the worker's own callback sends a failure here
  const answer = failed ? null : await fetch("/debt");
  if (failed) show("error", [failed]);
  else if (answer.ok)
    show(
      "debt",
      (await answer.json()).map((loan) => loan.creditorName),
    );
  else show("none", [await answer.text()]);
} catch (error) {
  show("error", [error.code ?? String(error)]);
}
