/** One way to write torchvision's names otherwise: the first pattern that matches a name says what it is in torchvision. */
export type Names = readonly (readonly [pattern: RegExp, torchvision: string | ((...match: string[]) => string)])[];
