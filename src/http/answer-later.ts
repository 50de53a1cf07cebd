/** Called once, perhaps at once; makes the answer only then, so that it says what is true then. */
export type Settle = (answer: () => Response) => void;

/**
 * An answer that a callback of the node gives; or none, by `reject`: the request was at fault, or its
 * body never came. What goes wrong while it is made is the failure of this request too: it must not
 * be thrown into the node's own step.
 */
export function answerLater(
  start: (settle: Settle, reject: (reason: unknown) => void) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const settle: Settle = (answer) => {
      try {
        resolve(answer());
      } catch (error) {
        reject(error);
      }
    };
    start(settle, reject);
  });
}
