export { MOVED } from './backend/port.js'
export type {
  Backend,
  Capabilities,
  ChangePage,
  ChangeRef,
  Committed,
  ConversationChange,
  ConversationHandle,
  Found,
  MaybePromise,
  Moved,
  RecentOptions,
  RecentPage,
  UnreadTotal,
} from './backend/port.js'
export { EventualBackend } from './backend/reference/eventual-backend.js'
export { EventualCluster } from './backend/reference/eventual-cluster.js'
export type { EventualOptions } from './backend/reference/eventual-cluster.js'
export { ReferenceBackend } from './backend/reference/reference-backend.js'
export type { ReferenceOptions } from './backend/reference/reference-backend.js'
export { SeededChance } from './backend/reference/seeded-chance.js'
export type { BackendCase } from './conformance/backend-case.js'
export { backendConformance } from './conformance/backend-conformance.js'
export type { CaseNeeds, OpenBackend, OpenedBackend } from './conformance/opened-backend.js'
export type { OpenedStore, OpenStore } from './conformance/opened-store.js'
export type { StoreCase } from './conformance/store-case.js'
export { storeConformance } from './conformance/store-conformance.js'
export { storeOver } from './conformance/store-over.js'
export { checkHistory } from './histories/check-history.js'
export type { HistoryHost, TrafficOptions } from './histories/history-host.js'
export type { History, HistoryOperation, Violation } from './histories/history.js'
export { recordHistory } from './histories/traffic.js'
export type { Interval, Marks, Participation, Reached, Standing } from './model/conversation.js'
export type { GroupState, Membership } from './model/group.js'
export type { Position } from './model/ids.js'
export type { MessageDraft } from './model/message.js'
export type { ContactEntry, UserEntry } from './model/user.js'
export { chatCommands } from './model-checking/chat-commands.js'
export type { ChatCommandsOptions } from './model-checking/chat-commands.js'
export { chatProperty } from './model-checking/chat-property.js'
export { dumpStore } from './model-checking/dump-store.js'
export { ManualClock } from './model-checking/manual-clock.js'
export { ReferenceModel } from './model-checking/reference-model.js'
export { runChat } from './model-checking/run-chat.js'
export type { CheckedStore, StoreUnderTest } from './model-checking/store-under-test.js'
export { FaultAt, OperationCount } from './simulation/faults.js'
export type { Fault, Faults, FileOperation } from './simulation/faults.js'
export { simulateStore } from './simulation/simulate-store.js'
export type { SimulatedStore, SimulateStoreOptions } from './simulation/simulate-store.js'
export { simulatedLevelOpener } from './simulation/level/simulated-level.js'
export type { SimulatedLevelWorld } from './simulation/level/simulated-level.js'
export { Schedule } from './simulation/schedule.js'
export type { ScheduleOptions } from './simulation/schedule.js'
export { SeededRandom } from './simulation/seeded-random.js'
export { SimulatedClock } from './simulation/simulated-clock.js'
export { SimulatedDisk } from './simulation/simulated-disk.js'
export { SimulatedFileSystem } from './simulation/simulated-file-system.js'
export type { SimulatedFileSystemOptions } from './simulation/simulated-file-system.js'
export { SimulatedMachine } from './simulation/simulated-process.js'
export { Trace } from './simulation/trace.js'
