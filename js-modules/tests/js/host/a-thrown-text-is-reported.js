//: uncaught plain text
throw 'plain text';
