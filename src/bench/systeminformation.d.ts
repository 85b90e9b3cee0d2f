/**
 * What is used of systeminformation. The package's own declarations refer to Node's type package, which Deno resolves loudly.
 *
 * @module
 */

/** The processor. */
export function cpu(): Promise<{ manufacturer: string; brand: string; physicalCores: number }>;

/** Graphics cards. */
export function graphics(): Promise<{ controllers: { vendor: string; model: string; driverVersion?: string }[] }>;
