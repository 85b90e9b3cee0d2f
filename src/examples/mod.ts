/**
 * What the notebooks show: the smallest network of each family of rules, a real pretrained classifier with pictures for it
 * to read, and the settings of a notebook.
 *
 * @module
 */
export { type AnsweredReport, type Answers, answers } from "./answers.ts";
export { fashionNetworks, type FashionOverview, type FashionResult } from "./fashion.ts";
export {
  type Accuracy,
  classifyLines,
  compareReadings,
  type ReadingComparison,
  textDirectionClassifier,
} from "./text_direction.ts";
export { pretrainedNetworks, type PretrainedResult } from "./pretrained.ts";
export { demonstrate, Demonstration } from "./demonstrate.ts";
export { feeding, type FeedingChoice } from "./feeding.ts";
export { type FamilyOverview, familyOverview } from "./family_overview.ts";
export { families, type Family, familyModel, familyShape } from "./families.ts";
export { linesPicture, linesTensor, type TextLine, textLines } from "./text_lines.ts";
export { modelSource, parseShape, type Setting, type Settings, settings } from "./settings.ts";
