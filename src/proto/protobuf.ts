/**
 * protobufjs, the whole library as the one file that it is published as: its 45 files take 5 MB and some 30 ms more at each start.
 *
 * @module
 */
// @ts-types="npm:protobufjs@8.8.1"
export { default } from "npm:protobufjs@8.8.1/dist/protobuf.min.js";
