import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(21)
rng = np.random.default_rng(21)

LETTERS = ["a", "b", "c", "d", "e"]
char2idx = {c: i + 1 for i, c in enumerate(LETTERS)}     # 0 is reserved
idx2char = {i: c for c, i in char2idx.items()}
N_CLASSES = len(LETTERS) + 1
N_FEAT = 8
TEMPLATES = {c: rng.normal(size=N_FEAT) for c in LETTERS}


def utterance():
    word = "".join(rng.choice(LETTERS, size=rng.integers(2, 5)))
    frames = []
    for ch in word:
        frames += [np.zeros(N_FEAT)] * int(rng.integers(1, 3))
        frames += [TEMPLATES[ch]] * int(rng.integers(2, 4))
    x = np.stack(frames) + 0.2 * rng.normal(size=(len(frames), N_FEAT))
    return torch.tensor(x, dtype=torch.float32), word


def collate(items):
    xs, words = zip(*items)
    x_len = torch.tensor([len(x) for x in xs])
    y = torch.tensor([char2idx[c] for w in words for c in w])
    y_len = torch.tensor([len(w) for w in words])
    return nn.utils.rnn.pad_sequence(xs, batch_first=True), x_len, y, y_len, words


class Acoustic(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(N_FEAT, 32, 3, padding=1)
        self.head = nn.Linear(32, N_CLASSES)

    def forward(self, x):
        h = self.conv(x.transpose(1, 2)).relu().transpose(1, 2)
        return self.head(h).log_softmax(-1)


def greedy(logp, lengths):
    texts = []
    for row, n in zip(logp.argmax(-1), lengths):
        best = torch.unique_consecutive(row[:n]).tolist()
        texts.append("".join(idx2char[k] for k in best if k != 0))
    return texts


train = [utterance() for _ in range(320)]
test = [utterance() for _ in range(60)]
net = Acoustic()
ctc = nn.CTCLoss(blank=0, zero_infinity=True)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(8):
    net.train()
    tot = 0.0
    for chunk in torch.randperm(len(train)).split(32):
        x, xl, y, yl, _ = collate([train[i] for i in chunk.tolist()])
        loss = ctc(net(x).transpose(0, 1), y, xl, yl)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        x, xl, _, _, words = collate(test)
        hyp = greedy(net(x), xl)
    print(epoch, round(tot / 10, 3), "exact:", sum(h == w for h, w in zip(hyp, words)) / len(words))
