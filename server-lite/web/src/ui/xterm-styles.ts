// xterm.js writes its styles into `<style>` elements, which the page's content security policy forbids. While it
// builds its elements it is therefore given stand-ins, which put their text into constructed style sheets: such sheets
// are script's own, and allowed. (Its option `documentOverride` is not enough: version 6 takes one of the three
// elements from the window's document all the same.)

/** Runs something that makes `<style>` elements; they become stand-ins. */
export function withoutStyleElements(build: () => void): void {
  const make = document.createElement.bind(document);
  document.createElement = ((tag: string, options?: ElementCreationOptions) =>
    tag.toLowerCase() === "style" ? standIn(make("span")) : make(tag, options)) as typeof document.createElement;
  try {
    build();
  } finally {
    // The prototype's own comes back.
    delete (document as { createElement?: unknown }).createElement;
  }
}

/** An empty element; its text becomes a style sheet, which goes when the element is removed. */
function standIn(element: HTMLElement): HTMLElement {
  element.hidden = true;
  const sheet = new CSSStyleSheet();
  let text = "";
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, "textContent", {
    get: () => text,
    set: (css: string) => {
      text = css;
      sheet.replaceSync(css);
    },
  });
  const remove = element.remove.bind(element);
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    remove();
  };
  return element;
}
