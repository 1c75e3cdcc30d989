/**
 * A Temporal server with TLS: the dev server speaks none, so this stands before it, takes client certificates and bearer
 * tokens as a cluster's own frontend would, and passes every call on.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  connect,
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { CertificateFiles } from '../../../lab/certificates.ts';

export interface TlsFrontOptions {
  /** `host:port` of the server behind it. */
  readonly behind: string;
  readonly certificate: CertificateFiles;
  /** Clients must have a certificate by this CA; absent: none is asked for. */
  readonly clientCa?: string;
  /** What must come as bearer token; absent: nothing need. */
  readonly apiKey?: string;
}

export class TlsFront implements AsyncDisposable {
  /** The `authorization` of each call, as it came. */
  readonly tokens: (string | undefined)[] = [];
  readonly #server: Http2SecureServer;
  readonly #sockets = new Set<Socket>();
  readonly #options: TlsFrontOptions;

  private constructor(options: TlsFrontOptions) {
    this.#options = options;
    this.#server = createSecureServer({
      cert: readFileSync(options.certificate.certificate),
      key: readFileSync(options.certificate.key),
      ...(options.clientCa
        ? { ca: readFileSync(options.clientCa), requestCert: true, rejectUnauthorized: true }
        : {}),
    });
    this.#server.on('stream', (stream, headers) => this.#take(stream, headers));
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket));
    this.#server.on('sessionError', () => undefined);
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(options: TlsFrontOptions): Promise<TlsFront> {
    const front = new TlsFront(options);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const { apiKey, behind } = this.#options;
    stream.on('error', () => undefined);
    this.tokens.push(headers.authorization);
    if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) {
      const refusal = { 'grpc-status': '16', 'grpc-message': 'Request unauthorized.' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...refusal }, { endStream: true });
      return;
    }
    const session = connect(`http://${behind}`);
    const end = (): void => stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    session.on('error', end);
    const { host: _, ...passed } = headers;
    const call = session.request({ ...passed, ':scheme': 'http', ':authority': behind });
    call.on('error', end);
    call.on('response', (answer) => {
      // An answer without a body has its trailers in its head.
      const endStream = call.readableEnded;
      if (!stream.headersSent && !stream.destroyed)
        stream.respond(answer, { endStream, waitForTrailers: !endStream });
    });
    let trailers: IncomingHttpHeaders = {};
    call.on('trailers', (given) => (trailers = given));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => session.destroy());
    stream.pipe(call);
    call.pipe(stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
