export { frame, frameBuffer, type FrameBuffer } from './socket-frames.ts';
export { parseSocketRequest } from './socket-request.ts';
export { renderSocketAnswer, renderSocketProblem } from './socket-response.ts';
