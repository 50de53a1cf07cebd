/** From what a master's disk held to the log and the state that it starts with. */
import { Log } from '../core/log.ts';
import { SnapshotDecoder } from '../core/snapshot.ts';
import { Store } from '../core/store.ts';
import { CorruptLogError, type Recovered } from '../ports/storage.ts';

/** Throws a CorruptLogError where the snapshot cannot be read or the records do not follow it. */
export function recoverState(recovered: Recovered): { log: Log; store: Store } {
  const { snapshot, records } = recovered;
  let log = new Log();
  let store = new Store();
  if (snapshot !== null) {
    try {
      const decoder = new SnapshotDecoder();
      decoder.push(snapshot.bytes);
      const { header, store: thawed } = decoder.finish();
      log = new Log(header.position, header.members);
      store = thawed;
    } catch (error) {
      throw new CorruptLogError(`The snapshot of lsn ${snapshot.lsn} cannot be read: ${error}`);
    }
  }
  for (const record of records) {
    if (record.lsn <= log.lastLsn) continue;
    if (record.lsn !== log.lastLsn + 1) {
      throw new CorruptLogError(`Record ${record.lsn} follows ${log.lastLsn}: records are missing`);
    }
    log.append(record);
  }
  return { log, store };
}
