// Makes elements without markup text, so that Trusted Types and the CSP have nothing to allow.
// DOM Standard 4.9; CSP Level 3 and Trusted Types.
// Refuses to set an event handler or a style as an attribute.

/** h("p.lead", { id: "x", onclick: f, hidden: true }, "text", child, [more]) */
export function h(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "style") throw new TypeError("styles belong in the style sheet");
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A drawing of one path; decoration only, hidden from screen readers. */
export function icon(path, className = "icon") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", className);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const icons = {
  check: "M5 12.8l4.6 4.6L19.4 6.8",
  info: "M12 10.6v6.2M12 7.2v.1",
  alert: "M12 6.8v6.4M12 16.8v.1",
  chevron: "M8 10l4 4 4-4",
};
