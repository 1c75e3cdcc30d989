/** The Temporal CLI that Drover downloads or builds where none is on the PATH; its dev server is what is embedded. */

/** Versions after 1.5.1 can't be built by `go install`: their go.mod has replace directives. */
export const temporalCliVersion = '1.5.1';
