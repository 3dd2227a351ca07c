'use strict';

// Named channels on which modules tell what they do, for those who subscribe.

const { invalidArgType, validateFunction } = require('internal/errors');

// Channels live as long as somebody holds them.
const channels = new Map();

class Channel {
    constructor(name) {
        this.name = name;
        Object.defineProperty(this, 'listeners', { value: [], writable: true });
        Object.defineProperty(this, 'stores', { value: new Map() });
    }

    get hasSubscribers() {
        return this.listeners.length > 0 || this.stores.size > 0;
    }

    subscribe(listener) {
        validateFunction(listener, 'subscription');
        this.listeners = [...this.listeners, listener];
        pin(this);
    }

    unsubscribe(listener) {
        const at = this.listeners.indexOf(listener);
        if (at < 0) return false;
        this.listeners = this.listeners.toSpliced(at, 1);
        if (!this.hasSubscribers) pinned.delete(this);
        return true;
    }

    bindStore(store, transform) {
        this.stores.set(store, transform);
        pin(this);
    }

    unbindStore(store) {
        const was = this.stores.delete(store);
        if (!this.hasSubscribers) pinned.delete(this);
        return was;
    }

    publish(data) {
        for (const listener of this.listeners) {
            try {
                listener(data, this.name);
            } catch (error) {
                // One subscriber's fault is not the publisher's.
                process.nextTick(() => { throw error; });
            }
        }
    }

    runStores(data, fn, thisArg, ...args) {
        let run = () => {
            this.publish(data);
            return fn.apply(thisArg, args);
        };
        for (const [store, transform] of this.stores) {
            const inner = run;
            run = () => {
                let value = data;
                if (transform) {
                    try {
                        value = transform(data);
                    } catch (error) {
                        process.nextTick(() => { throw error; });
                        return inner();
                    }
                }
                return store.run(value, inner);
            };
        }
        return run();
    }
}

const pinned = new Set();
function pin(one) {
    pinned.add(one);
}

function channel(name) {
    const known = channels.get(name)?.deref();
    if (known) return known;
    if (typeof name !== 'string' && typeof name !== 'symbol') throw invalidArgType('channel', ['string', 'symbol'], name);
    const made = new Channel(name);
    channels.set(name, new WeakRef(made));
    return made;
}

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

class TracingChannel {
    constructor(nameOrChannels) {
        for (const event of EVENTS) {
            let one;
            if (typeof nameOrChannels === 'string') one = channel(`tracing:${nameOrChannels}:${event}`);
            else if (nameOrChannels !== null && typeof nameOrChannels === 'object') {
                one = nameOrChannels[event];
                if (!(one instanceof Channel)) throw invalidArgType(`nameOrChannels.${event}`, ['Channel'], one);
            } else throw invalidArgType('nameOrChannels', ['string', 'object', 'TracingChannel'], nameOrChannels);
            Object.defineProperty(this, event, { value: one, enumerable: true });
        }
    }

    get hasSubscribers() {
        return EVENTS.some((event) => this[event].hasSubscribers);
    }

    subscribe(handlers) {
        for (const event of EVENTS) if (handlers[event]) this[event].subscribe(handlers[event]);
    }

    unsubscribe(handlers) {
        let all = true;
        for (const event of EVENTS) {
            if (handlers[event] && !this[event].unsubscribe(handlers[event])) all = false;
        }
        return all;
    }

    traceSync(fn, context = {}, thisArg = undefined, ...args) {
        if (!this.hasSubscribers) return fn.apply(thisArg, args);
        return this.start.runStores(context, () => {
            try {
                context.result = fn.apply(thisArg, args);
                return context.result;
            } catch (error) {
                context.error = error;
                this.error.publish(context);
                throw error;
            } finally {
                this.end.publish(context);
            }
        });
    }

    tracePromise(fn, context = {}, thisArg = undefined, ...args) {
        if (!this.hasSubscribers) return fn.apply(thisArg, args);
        const settled = (failed) => (value) => {
            context[failed ? 'error' : 'result'] = value;
            if (failed) this.error.publish(context);
            this.asyncStart.publish(context);
            this.asyncEnd.publish(context);
            if (failed) throw value;
            return value;
        };
        return this.start.runStores(context, () => {
            try {
                const promise = Promise.resolve(fn.apply(thisArg, args));
                return promise.then(settled(false), settled(true));
            } catch (error) {
                context.error = error;
                this.error.publish(context);
                throw error;
            } finally {
                this.end.publish(context);
            }
        });
    }

    traceCallback(fn, position = -1, context = {}, thisArg = undefined, ...args) {
        if (!this.hasSubscribers) return fn.apply(thisArg, args);
        const callback = args.at(position);
        validateFunction(callback, 'callback');
        const channels = this;
        function traced(error, result) {
            if (error) {
                context.error = error;
                channels.error.publish(context);
            } else context.result = result;
            return channels.asyncStart.runStores(context, () => {
                try {
                    return callback.apply(this, arguments);
                } finally {
                    channels.asyncEnd.publish(context);
                }
            });
        }
        args.splice(position, 1, traced);
        return this.start.runStores(context, () => {
            try {
                return fn.apply(thisArg, args);
            } catch (error) {
                context.error = error;
                this.error.publish(context);
                throw error;
            } finally {
                this.end.publish(context);
            }
        });
    }
}

exports.Channel = Channel;
exports.channel = channel;
exports.hasSubscribers = (name) => channels.get(name)?.deref()?.hasSubscribers ?? false;
exports.subscribe = (name, listener) => channel(name).subscribe(listener);
exports.unsubscribe = (name, listener) => channel(name).unsubscribe(listener);
exports.tracingChannel = (nameOrChannels) => new TracingChannel(nameOrChannels);
