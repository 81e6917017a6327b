export { authenticatedBy, authenticationBytes } from './authentication.ts';
export { PROTOCOL_PROBLEMS, protocolProblem, refusalProblem } from './problems.ts';
export type { Problem, ProtocolProblemCode } from './problems.ts';
export { BODY_CHARACTERS_MAX, parseRequest } from './request.ts';
export type { HttpRequest, SignerRequest, SigningVersion } from './request.ts';
export { authorizedKeys, parseSignReply, renderAnswer, renderProblem } from './response.ts';
export { renderSignRequest } from './response.ts';
export type { Answer, HttpResponse, MarkJson, SignReply } from './response.ts';
export { ROUTES, type Route, type RouteKind } from './routes.ts';
