// Makes elements. Texts become text nodes, so nothing that a server or a person has written can
// become markup.

const spaces = { svg: "http://www.w3.org/2000/svg" };

/**
 * h makes an element. "tag.class.class" names it; in attributes, functions whose name begins with
 * "on" are listeners, true is an empty attribute, and null, undefined and false are left out.
 */
export function h(name, attributes, ...children) {
  return fill(make(document.createElement.bind(document), name), attributes, children);
}

/** s is h for SVG. */
export function s(name, attributes, ...children) {
  return fill(make((tag) => document.createElementNS(spaces.svg, tag), name), attributes, children);
}

function make(create, name) {
  const [tag, ...classes] = name.split(".");
  const made = create(tag);
  if (classes.length) made.setAttribute("class", classes.join(" "));
  return made;
}

function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" && "value" in made) made.value = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...nodes(children));
  return made;
}

/** nodes returns what there is among children, some of which may be left out by a condition. */
export const nodes = (children) =>
  [children].flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "");

/** place sets the left edge and the width of an element in percent, which a style sheet cannot know. */
export function place(element, left, width) {
  element.style.setProperty("--at", `${left}%`);
  if (width !== undefined) element.style.setProperty("--size", `${width}%`);
  return element;
}

/** say tells a screen reader what has changed. */
export function say(text) {
  document.getElementById("said").textContent = text;
}
