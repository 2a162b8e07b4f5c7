//! CRNN: Shi, Bai, Yao, *An End-to-End Trainable Neural Network for Image-based Sequence Recognition and Its Application to Scene Text
//! Recognition* (2015), table 1.
//!
//! Convolutions make a line of text a map of one row, whose columns are read as a sequence from left to right, in both directions, by
//! two layers of long short-term memory. The scores of each step are of a blank and the characters; a text is the best class of each
//! step, repetitions and blanks left out (connectionist temporal classification, Graves et al., 2006). Weights are named as in
//! github.com/meijieru/crnn.pytorch.

use convoke::network;

network! {
    /// A blank, ten digits, 26 letters.
    const CLASSES = 37;

    /// Reads a line of text, grey and 32 pixels high: the logarithms of the probabilities of each class at each of 26 steps.
    pub Crnn(line: [1, 32, 100]) -> [26, CLASSES] {
        round = floor;

        line
            -> cnn: {
                conv0: conv(64, 3x3, pad = 1) -> relu -> max_pool(2x2)
                -> conv1: conv(128, 3x3, pad = 1) -> relu -> max_pool(2x2)
                -> conv2: conv(256, 3x3, pad = 1) -> batchnorm2: batch_norm -> relu
                -> conv3: conv(256, 3x3, pad = 1) -> relu -> max_pool(2x2, stride = (2, 1), pad = (0, 1))
                -> conv4: conv(512, 3x3, pad = 1) -> batchnorm4: batch_norm -> relu
                -> conv5: conv(512, 3x3, pad = 1) -> relu -> max_pool(2x2, stride = (2, 1), pad = (0, 1))
                -> conv6: conv(512, 2x2) -> batchnorm6: batch_norm -> relu
            }
            -> reshape([512, 26]) -> permute([1, 0])
            -> rnn: { read(256, 256) -> read(256, CLASSES) }
            -> log_softmax(axis = -1)
    }

    /// Both directions, and what they say together about each step.
    block read(x, hidden, outputs) {
        x -> rnn: lstm(hidden, bidirectional = true) -> embedding: linear(outputs)
    }
}

const _: () = assert!(Crnn::PARAMETERS == 8_331_301);
