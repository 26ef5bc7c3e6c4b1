import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(10)
LETTERS = "abcde"
BLANK = len(LETTERS)


def utterance():
    """Frames: every letter lasts 2-4 frames of noisy features, silence between letters."""
    n = int(torch.randint(2, 5, (1,)))
    word = torch.randint(0, len(LETTERS), (n,))
    frames = []
    for ch in word.tolist():
        frames += [torch.zeros(6)] * int(torch.randint(1, 3, (1,)))
        f = F.one_hot(torch.tensor(ch), 6).float() * 2
        frames += [f] * int(torch.randint(2, 5, (1,)))
    x = torch.stack(frames)
    return x + 0.3 * torch.randn_like(x), word


def make_batch(n):
    xs, ys = zip(*[utterance() for _ in range(n)])
    in_len = torch.tensor([len(x) for x in xs])
    out_len = torch.tensor([len(y) for y in ys])
    return nn.utils.rnn.pad_sequence(xs), torch.cat(ys), in_len, out_len, ys


class Recognizer(nn.Module):
    def __init__(self, hid=24):
        super().__init__()
        self.rnn = nn.GRU(6, hid)
        self.out = nn.Linear(hid, len(LETTERS) + 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0]).log_softmax(-1)


def greedy(log_probs, lengths):
    best = log_probs.argmax(-1).t()
    words = []
    for row, n in zip(best, lengths):
        collapsed = torch.unique_consecutive(row[:n])
        words.append(collapsed[collapsed != BLANK])
    return words


model = Recognizer()
ctc = nn.CTCLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(120):
    model.train()
    x, y, in_len, out_len, _ = make_batch(16)
    loss = ctc(model(x), y, in_len, out_len)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    opt.step()

model.eval()
x, _, in_len, _, words = make_batch(200)
with torch.no_grad():
    hyp = greedy(model(x), in_len)
exact = sum(torch.equal(a, b) for a, b in zip(hyp, words)) / len(words)
print(f"loss {loss.item():.3f} exact words {exact:.3f}")
