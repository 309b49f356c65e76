// What stands around the documents' type-checked blocks: what an application has of its own, and modules that are not installed here.

/** Settings, as a worker's bindings or process.env have them. */
declare const env: Record<string, string>;
declare const process: { env: Record<string, string> };
declare module "express";
declare module "h3";
declare module "hono";
declare module "next/headers";
declare module "next/server";
declare module "react";
declare module "react-router" {
  export function createContext<T>(value: T): { readonly defaultValue: T };
}
declare module "undici";
