//! One running compressor or decompressor, as Node's handle behaves.

use zlib_rs::{
    Deflate, DeflateConfig, DeflateFlush, Inflate, InflateError, InflateFlush, Method, Status, Strategy,
};

/// What is done; the numbers are those of Node's constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Deflate,
    Inflate,
    Gzip,
    Gunzip,
    DeflateRaw,
    InflateRaw,
    Unzip,
}

impl Mode {
    pub fn from_number(number: i32) -> Option<Mode> {
        Some(match number {
            1 => Mode::Deflate,
            2 => Mode::Inflate,
            3 => Mode::Gzip,
            4 => Mode::Gunzip,
            5 => Mode::DeflateRaw,
            6 => Mode::InflateRaw,
            7 => Mode::Unzip,
            _ => return None,
        })
    }
}

/// How an engine is set up; checked by [`Engine::new`].
pub(super) struct Settings {
    pub mode: Mode,
    pub level: i32,
    pub window_bits: i32,
    pub mem_level: i32,
    pub strategy: i32,
    pub dictionary: Vec<u8>,
}

/// Why a step did not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub message: &'static str,
    pub code: &'static str,
    pub errno: i32,
}

/// Bytes that a step took and gave.
pub(super) struct Step {
    pub read: usize,
    pub written: usize,
}

enum Coder {
    Pack(Box<Deflate>),
    Unpack(Box<Inflate>),
}

/// A running compressor or decompressor.
pub(super) struct Engine {
    settings: Settings,
    coder: Coder,
    /// The first byte that a decompressor saw: 0x1f means gzip.
    first: Option<u8>,
    ended: bool,
    failed: Option<Failure>,
}

const FINISH: i32 = 4;
const GZIP_MAGIC: u8 = 0x1f;

fn failure(message: &'static str, code: &'static str, errno: i32) -> Failure {
    Failure { message, code, errno }
}

impl Engine {
    /// `None` when the settings are out of range.
    pub fn new(settings: Settings) -> Option<Engine> {
        let inflates = matches!(settings.mode, Mode::Inflate | Mode::Gunzip | Mode::InflateRaw | Mode::Unzip);
        let bits = match settings.window_bits {
            0 if inflates && settings.mode != Mode::InflateRaw => 0,
            bits @ 8..=15 => bits,
            _ => return None,
        };
        if !(-1..=9).contains(&settings.level)
            || !(1..=9).contains(&settings.mem_level)
            || Strategy::try_from(settings.strategy).is_err()
            || bits == 8 && settings.mode == Mode::DeflateRaw
        {
            return None;
        }
        let coder = Engine::coder(&settings)?;
        let mut engine = Engine { settings, coder, first: None, ended: false, failed: None };
        engine.prepare();
        Some(engine)
    }

    fn coder(settings: &Settings) -> Option<Coder> {
        let bits = settings.window_bits;
        let unpack = |zlib: bool, bits: i32| {
            Some(Coder::Unpack(Box::new(Inflate::new(zlib, u8::try_from(bits).ok()?))))
        };
        let window_bits = match settings.mode {
            Mode::Inflate => return unpack(true, bits),
            // 0 means "as the header says" for zlib only; gzip's window is always the largest.
            Mode::Gunzip => return unpack(true, 16 + if bits == 0 { 15 } else { bits }),
            Mode::Unzip => return unpack(true, 32 + if bits == 0 { 15 } else { bits }),
            Mode::InflateRaw => return unpack(false, bits),
            Mode::Deflate => bits,
            Mode::Gzip => 16 + bits,
            Mode::DeflateRaw => -bits,
        };
        let config = DeflateConfig {
            level: settings.level,
            method: Method::Deflated,
            window_bits,
            mem_level: settings.mem_level,
            strategy: Strategy::try_from(settings.strategy).ok()?,
        };
        Some(Coder::Pack(Box::new(Deflate::new_with_config(config))))
    }

    /// Hands over the dictionary where it belongs before the first byte.
    fn prepare(&mut self) {
        if self.settings.dictionary.is_empty() {
            return;
        }
        let given = match (&mut self.coder, self.settings.mode) {
            (Coder::Pack(coder), Mode::Deflate | Mode::DeflateRaw) => {
                coder.set_dictionary(&self.settings.dictionary).is_ok()
            }
            (Coder::Unpack(coder), Mode::InflateRaw) => {
                coder.set_dictionary(&self.settings.dictionary).is_ok()
            }
            _ => true,
        };
        if !given {
            self.failed = Some(failure("Failed to set dictionary", "Z_STREAM_ERROR", -2));
        }
    }

    /// Back to the beginning, with the same settings.
    pub fn reset(&mut self) {
        if let Some(coder) = Engine::coder(&self.settings) {
            self.coder = coder;
        }
        (self.first, self.ended, self.failed) = (None, false, None);
        self.prepare();
    }

    /// Another level for what follows.
    pub fn set_level(&mut self, level: i32) -> Result<(), Failure> {
        self.settings.level = level;
        match &mut self.coder {
            Coder::Pack(coder) => match coder.set_level(level) {
                // zlib-rs refuses once text went through: its own flush has no room to write to. The old level goes on
                // then, which costs size, not correctness.
                Ok(_) | Err(_) => Ok(()),
            },
            Coder::Unpack(_) => Ok(()),
        }
    }

    /// Takes input and gives output until one of them is used up.
    pub fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Result<Step, Failure> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let done = match self.coder {
            Coder::Pack(_) => self.pack(input, output, flush),
            Coder::Unpack(_) => self.unpack(input, output, flush),
        };
        if let Err(failed) = done {
            self.failed = Some(failed);
        }
        done.map(|(read, written)| Step { read, written })
    }

    fn pack(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Result<(usize, usize), Failure> {
        let flush = match flush {
            1 => DeflateFlush::PartialFlush,
            2 => DeflateFlush::SyncFlush,
            3 => DeflateFlush::FullFlush,
            FINISH => DeflateFlush::Finish,
            5 => DeflateFlush::Block,
            _ => DeflateFlush::NoFlush,
        };
        let Coder::Pack(coder) = &mut self.coder else { return Ok((0, 0)) };
        if self.ended {
            return Ok((0, 0));
        }
        let (before_in, before_out) = (coder.total_in(), coder.total_out());
        let status = coder.compress(input, output, flush);
        let moved = ((coder.total_in() - before_in) as usize, (coder.total_out() - before_out) as usize);
        match status {
            Ok(Status::StreamEnd) => self.ended = true,
            Ok(_) if flush == DeflateFlush::Finish && moved.1 < output.len() => return Err(END_OF_FILE),
            Ok(_) => {}
            Err(_) => return Err(failure("stream error", "Z_STREAM_ERROR", -2)),
        }
        Ok(moved)
    }

    fn unpack(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Result<(usize, usize), Failure> {
        let kind = match flush {
            2 | 3 => InflateFlush::SyncFlush,
            FINISH => InflateFlush::Finish,
            5 => InflateFlush::Block,
            6 => InflateFlush::Trees,
            _ => InflateFlush::NoFlush,
        };
        let (mut read, mut written) = (0, 0);
        loop {
            if self.ended {
                match input.get(read) {
                    // Another member may follow; zeros are padding, and what follows them is not looked at.
                    Some(&byte) if byte != 0 && self.is_gzip() => {
                        if let Some(coder) = Engine::coder(&Settings {
                            mode: Mode::Gunzip,
                            dictionary: Vec::new(),
                            ..self.settings
                        }) {
                            self.coder = coder;
                        }
                        self.ended = false;
                    }
                    _ => return Ok((read, written)),
                }
            }
            if self.first.is_none() {
                self.first = input.first().copied();
            }
            let Coder::Unpack(coder) = &mut self.coder else { return Ok((0, 0)) };
            let (before_in, before_out) = (coder.total_in(), coder.total_out());
            let status = coder.decompress(&input[read..], &mut output[written..], kind);
            read += (coder.total_in() - before_in) as usize;
            written += (coder.total_out() - before_out) as usize;
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if flush == FINISH && written < output.len() => return Err(END_OF_FILE),
                Ok(_) => return Ok((read, written)),
                Err(InflateError::NeedDict { .. }) if self.settings.dictionary.is_empty() => {
                    return Err(failure("Missing dictionary", "Z_NEED_DICT", 2));
                }
                Err(InflateError::NeedDict { .. }) => {
                    if coder.set_dictionary(&self.settings.dictionary).is_err() {
                        return Err(failure("Bad dictionary", "Z_DATA_ERROR", -3));
                    }
                }
                Err(InflateError::DataError) => {
                    let message = coder.error_message().unwrap_or("Zlib error");
                    return Err(failure(message, "Z_DATA_ERROR", -3));
                }
                Err(InflateError::MemError) => return Err(failure("Zlib error", "Z_MEM_ERROR", -4)),
                Err(InflateError::StreamError) => return Err(failure("Zlib error", "Z_STREAM_ERROR", -2)),
            }
        }
    }

    fn is_gzip(&self) -> bool {
        match self.settings.mode {
            Mode::Gunzip => true,
            Mode::Unzip => self.first == Some(GZIP_MAGIC),
            _ => false,
        }
    }
}

const END_OF_FILE: Failure = Failure { message: "unexpected end of file", code: "Z_BUF_ERROR", errno: -5 };
