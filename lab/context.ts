import type { LabConfig } from './config.ts';
import { LabPaths } from './names.ts';

/** What every part of the lab is handed: the settings, and where things lie. */
export interface LabContext {
  readonly config: LabConfig;
  readonly paths: LabPaths;
}

export function contextOf(config: LabConfig): LabContext {
  return { config, paths: new LabPaths(config.folder) };
}
