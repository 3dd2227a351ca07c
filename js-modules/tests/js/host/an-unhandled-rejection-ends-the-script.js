//: uncaught Error: nobody listens
setTimeout(() => {}, 60000);
Promise.reject(new Error('nobody listens'));
