/** As much of junit-report-builder as is used: its own types import each other without an ending, which Deno does not resolve. */
export interface TestCase {
  className(name: string): TestCase;
  name(name: string): TestCase;
  time(seconds: number): TestCase;
  failure(message: string, type?: string): TestCase;
  error(message: string, type?: string): TestCase;
  standardOutput(text: string): TestCase;
}
export interface TestSuite {
  name(name: string): TestSuite;
  testCase(): TestCase;
}
export interface Builder {
  newBuilder(): Builder;
  testSuite(): TestSuite;
  build(): string;
}
declare const builder: Builder;
export default builder;
