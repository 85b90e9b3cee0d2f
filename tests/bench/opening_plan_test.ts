import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { planOpenings } from "../../src/bench/opening_plan.ts";

Deno.test("planOpenings() gives rounds two thirds of the time where openings are cheap", () => {
  assertEquals(planOpenings({ openingMs: 20, roundMs: 2 }, { seconds: 10, minRounds: 30 }), {
    rounds: 20,
    openings: 10,
  });
});

Deno.test("planOpenings() keeps ten openings where they take more than a third of the time", () => {
  // 10 × (1.5 s + 15 × 0.1 s) is 30 s
  assertEquals(planOpenings({ openingMs: 1500, roundMs: 100 }, { seconds: 30, minRounds: 30 }), {
    rounds: 15,
    openings: 10,
  });
});

Deno.test("planOpenings() makes six where ten do not fit, even where six do not", () => {
  assertEquals(planOpenings({ openingMs: 3000, roundMs: 500 }, { seconds: 30, minRounds: 30 }), {
    rounds: 5,
    openings: 6,
  });
  assertEquals(planOpenings({ openingMs: 3000, roundMs: 5000 }, { seconds: 30, minRounds: 30 }), {
    rounds: 5,
    openings: 6,
  });
});

Deno.test("planOpenings() makes fewer where opening itself takes longer than the time, or the limit forbids it", () => {
  assertEquals(planOpenings({ openingMs: 40_000, roundMs: 500 }, { seconds: 30, minRounds: 30 }), {
    rounds: 30,
    openings: 1,
  });
  const limited = { seconds: 10, limitSeconds: 17, minRounds: 30 };
  assertEquals(planOpenings({ openingMs: 2000, roundMs: 500 }, limited), { rounds: 10, openings: 3 });
});

Deno.test("planOpenings() never plans less than five rounds, one opening, or fewer rounds than asked for", () => {
  const positive = fc.double({ min: 0.01, max: 1e5, noNaN: true });
  fc.assert(
    fc.property(
      positive,
      positive,
      positive,
      fc.integer({ min: 1, max: 200 }),
      (openingMs, roundMs, seconds, minRounds) => {
        const { rounds, openings } = planOpenings({ openingMs, roundMs }, { seconds, minRounds });
        assert(rounds >= 5 && openings >= 1 && openings <= 10);
        if (openings < 10) assert(rounds * openings >= minRounds, `${rounds} × ${openings}`);
      },
    ),
  );
});
