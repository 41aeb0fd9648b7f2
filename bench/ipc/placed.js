// Options of fork() for a child on the processor that BENCH_PROCESSOR names, if it does.
'use strict';

module.exports = (options) => {
    const processor = process.env.BENCH_PROCESSOR;
    if (!processor)
        return options;
    return { ...options, execPath: 'taskset', execArgv: ['--cpu-list', processor, process.execPath] };
};
