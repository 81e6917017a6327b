import { CODEC_COMMANDS } from './codec/commands.ts';
import type { Command } from './command.ts';
import { DOCTOR_COMMANDS } from './doctor/commands.ts';
import { INIT_COMMANDS } from './init/commands.ts';
import { RECORDING_COMMANDS } from './recording/commands.ts';
import { REPLAY_COMMANDS } from './replay/commands.ts';
import { SHADOW_COMMANDS } from './shadow/commands.ts';
import { VOTES_COMMANDS } from './votes/commands.ts';

/** Every command of `meridian`, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  ...INIT_COMMANDS,
  ...DOCTOR_COMMANDS,
  ...CODEC_COMMANDS,
  ...REPLAY_COMMANDS,
  ...RECORDING_COMMANDS,
  ...SHADOW_COMMANDS,
  ...VOTES_COMMANDS,
];
