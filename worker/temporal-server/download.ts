/** Downloads the Temporal CLI from where Temporal's SDKs take their dev server. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { z } from 'zod';
import type { Report } from './binary.ts';
import { temporalCliVersion } from './cli-version.ts';

/** The answer of the download service, as `ephemeral_server/mod.rs` of Temporal's sdk-core reads it. */
const DownloadInfo = z.looseObject({ archiveUrl: z.url(), fileToExtract: z.string().min(1) });

/** Where the network lets nothing through, the next way must get its turn within seconds. */
const answerWithinMs = 5_000;
const silentAtMostMs = 10_000;

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const platforms: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin' };

/**
 * Puts the CLI of the pinned version at `target`; safe when two do it at once.
 * @param options.service the download service; default `https://temporal.download`
 * @throws Error within seconds when nothing answers, or when there is no archive for this machine
 */
export async function downloadCli(
  target: string,
  { report, service = 'https://temporal.download' }: { report: Report; service?: string },
): Promise<void> {
  const platform = platforms[process.platform];
  const arch = architectures[process.arch];
  if (!platform || !arch) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  const wanted = new URLSearchParams({ platform, arch, format: 'tar.gz' }).toString();
  const info = DownloadInfo.parse(
    await (
      await get(`${service}/cli/v${temporalCliVersion}?${wanted}`, AbortSignal.timeout(answerWithinMs))
    ).json(),
  );
  report(`downloading the Temporal CLI ${temporalCliVersion} from ${info.archiveUrl}`);
  const folder = await mkdtemp(`${target}.download-`);
  try {
    const archive = join(folder, 'archive.tar.gz');
    await fetchInto(archive, info.archiveUrl);
    await execa('tar', ['-xzf', archive, '-C', folder, '--', info.fileToExtract]);
    await rename(join(folder, info.fileToExtract), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchInto(file: string, url: string): Promise<void> {
  const silence = new AbortController();
  const givesUp = setTimeout(
    () => silence.abort(new Error(`nothing came for ${silentAtMostMs / 1000} s`)),
    silentAtMostMs,
  );
  try {
    const { body } = await get(url, silence.signal);
    if (!body) throw new Error(`${url} answered with nothing`);
    await pipeline(
      Readable.fromWeb(body),
      async function* eachChunk(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          givesUp.refresh();
          yield chunk;
        }
      },
      createWriteStream(file),
    );
  } finally {
    clearTimeout(givesUp);
  }
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    // fetch says only "fetch failed"; the cause has the name that did not resolve.
    const { cause, message } = error as Error;
    throw new Error(`${new URL(url).host}: ${cause instanceof Error ? cause.message : message}`, {
      cause: error,
    });
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}
