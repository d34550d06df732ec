// SPDX-License-Identifier: BSD-2-Clause
// Buffers outside the heap of V8, objects in it, compression, hashes, threads. What it prints is
// the result.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const zlib = require('zlib');
const crypto = require('crypto');

function work(seed) {
    let state = seed;
    const random = (limit) => (state = (state * 48271) % 2147483647) % limit;
    const kept = [];
    const hash = crypto.createHash('sha256');
    for (let i = 0; i < 20000; i++) {
        const buffer = Buffer.alloc(64 + random(8000), i & 255);
        hash.update(buffer.subarray(0, 64));
        kept[random(500)] = buffer;
    }
    const table = new Map();
    for (let i = 0; i < 30000; i++)
        table.set(`key${random(20000)}`, { i, text: 'x'.repeat(random(50)) });
    const text = JSON.stringify([...table]);
    const packed = zlib.gzipSync(text, { level: 1 });
    hash.update(zlib.gunzipSync(packed));
    hash.update(JSON.stringify(JSON.parse(text)));
    return `${table.size} ${text.length} ${hash.digest('hex')}`;
}

if (isMainThread) {
    const results = [];
    for (const seed of [11, 13]) {
        const worker = new Worker(__filename, { workerData: seed });
        worker.on('message', (line) => {
            if (results.push(line) === 2)
                console.log(results.sort().join('\n'));
        });
    }
    console.log(work(7));
} else {
    parentPort.postMessage(work(workerData));
}
