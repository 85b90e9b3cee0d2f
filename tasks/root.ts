/** The project's folder, as a file URL that ends in a slash. */
export const root: URL = new URL("../", import.meta.url);
