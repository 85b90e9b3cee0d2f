/**
 * protobufjs as the one file that it is published as, whole: its 45 files take 5 MB and some 30 ms more at each start. That file
 * does not find the package for 64-bit integers by itself.
 *
 * @module
 */
import Long from "long";
// @ts-types="npm:protobufjs@8.8.1"
import protobuf from "npm:protobufjs@8.8.1/dist/protobuf.min.js";
// @ts-types="npm:protobufjs@8.8.1"
export { default } from "npm:protobufjs@8.8.1/dist/protobuf.min.js";

protobuf.util.Long = Long;
protobuf.configure();
