/** Puts text, data and code into HTML so that none of it is read as markup. */

/** Escapes text for use between tags and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Writes a value as JSON in which nothing reads as markup; only `<br>`, frequent in Plotly's texts, stays short. */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replace(/<(?!br>)/g, "\\u003c");
}

/** Returns JavaScript that cannot close the script element around it. */
export function embedScript(source: string): string {
  return source.replace(/<\/(script)/gi, "<\\/$1");
}

/**
 * Replaces every `{{name}}` of a template by the part of that name. Parts are HTML: escape plain text first.
 * @throws Error naming a place for which there is no part.
 */
export function fillTemplate(template: string, parts: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (place, name: string) => {
    if (!Object.hasOwn(parts, name)) {
      throw new Error(
        `the template has a place ${place}, expected one of ${Object.keys(parts).join(", ")}`,
      );
    }
    return parts[name];
  });
}
