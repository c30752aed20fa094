/** Embeds text, data and code in HTML so that none of it is parsed as markup. */

/** Escapes text for use between tags and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Returns a value as JSON in which every `<` is escaped, so that none of it reads as markup. */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** Returns the JavaScript, escaped so that it cannot close the script element around it. */
export function embedScript(source: string): string {
  return source.replace(/<\/(script)/gi, "<\\/$1");
}

/**
 * Replaces every `{{name}}` in a template with the part of that name. Parts are HTML: escape plain text first.
 * @throws Error naming a placeholder that has no part.
 */
export function fillTemplate(template: string, parts: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (place, name: string) => {
    if (!Object.hasOwn(parts, name)) {
      throw new Error(
        `the template has the placeholder ${place}, expected one of ${
          Object.keys(parts).join(", ")
        }`,
      );
    }
    return parts[name];
  });
}
