// Servers that are taken for development beside public ones over https; the core judges each address by it.

/** `true`: those of this machine, by http too; origins, such as `["http://keycloak:8080"]`: these too, whatever the host. */
export type Development = boolean | readonly string[];

/** @internal The same as marks of the core's. */
export const developmentMarks = (on?: Development): string => (on ? ["d"].concat(on === true ? [] : on).join(" ") : "");
