import { Skip } from "../skip.ts";
import { LinearMap } from "./linear_map.ts";

/** The product with the input inside an operator that is no layer as a whole: only what comes before it goes into it. */
export abstract class InputProduct extends LinearMap {
  /** What follows the product in the operator. */
  protected abstract readonly followedBy: string;

  override after(): Skip {
    return new Skip("not-linear", `${this.label} has ${this.followedBy}`);
  }

  plus(): Skip {
    return this.after();
  }

  then(): Skip {
    return this.after();
  }

  diagonal(): Skip {
    return this.after();
  }

  override precededBy(): Skip {
    return this.after();
  }

  /** Nothing asks for it: nothing goes in behind the product. */
  protected outputFactor(values: Float64Array) {
    return this.inputFactor(values);
  }
}
