/**
 * Calls of a connection that may be closed while they wait. The SDK tries a call again by a timer that nobody hears of:
 * on a connection that was closed meanwhile it throws, past every promise, and ends the program that closed it.
 */
import {
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type ConnectionOptions,
} from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type InterceptedCall = ReturnType<Interceptor>;

/** gRPC's code for a call that its own side gave up. */
const canceled = 1;

export class ClosableCalls {
  #areClosed = false;

  /** From now on a call that fails is not tried again. */
  close(): void {
    this.#areClosed = true;
  }

  /** For `Connection.connect`: the SDK's own tries, until they are closed. */
  interceptors(): Interceptor[] {
    const { retryableDecider, ...pauses } = defaultGrpcRetryOptions();
    const retries = makeGrpcRetryInterceptor({
      ...pauses,
      retryableDecider: (attempt, status) => !this.#areClosed && retryableDecider(attempt, status),
    });
    // A try whose timer was set before.
    const late: Interceptor = (options, nextCall) =>
      (this.#areClosed ? endedCall() : nextCall(options)) as InterceptedCall;
    return [retries, late];
  }
}

function endedCall(): InterceptedCall {
  const nothing = (): void => undefined;
  const call = {
    cancelWithStatus: nothing,
    getPeer: () => '',
    start: (metadata: unknown, listener?: { onReceiveStatus?: (status: unknown) => void }) =>
      listener?.onReceiveStatus?.({ code: canceled, details: 'the connection was closed', metadata }),
    sendMessageWithContext: nothing,
    sendMessage: nothing,
    startRead: nothing,
    halfClose: nothing,
  };
  return call as unknown as InterceptedCall;
}
