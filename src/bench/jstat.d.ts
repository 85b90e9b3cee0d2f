/**
 * What is used of jstat, which has no types of its own.
 *
 * @module
 */

declare const jStat: {
  studentt: {
    /** The quantile of Student's t distribution with so many degrees of freedom. */
    inv(probability: number, freedom: number): number;
  };
  beta: {
    /** The quantile of the beta distribution. */
    inv(probability: number, alpha: number, beta: number): number;
  };
};
export default jStat;
