/** Nominal types over plain ones, so that two kinds of 20-byte string are not mistaken for one another. */

declare const brand: unique symbol

export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
