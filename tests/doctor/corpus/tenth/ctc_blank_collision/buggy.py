"""Tiny CTC recogniser: a row of noisy glyph columns -> digit string."""
import torch
import torch.nn as nn

SYMBOLS = "01234567"
BLANK = len(SYMBOLS)
N_OUT = len(SYMBOLS) + 1
T, L = 14, 4  # frames per line, symbols per line

torch.manual_seed(8)
GLYPH = torch.randn(N_OUT, 10)


def make_lines(n):
    labels = torch.randint(0, len(SYMBOLS), (n, L))
    frames = torch.full((n, T), BLANK)
    for k in range(L):
        at = 1 + 3 * k + torch.randint(0, 2, (n,))
        frames[torch.arange(n), at] = labels[:, k]
    return GLYPH[frames] + 0.3 * torch.randn(n, T, 10), labels


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(10, 32, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(64, N_OUT)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.fc(h).log_softmax(-1)


def greedy(log_probs):
    texts = []
    for path in log_probs.argmax(-1).tolist():
        merged = [k for i, k in enumerate(path) if i == 0 or k != path[i - 1]]
        texts.append("".join(SYMBOLS[k] for k in merged if k != BLANK))
    return texts


model = Reader()
ctc = nn.CTCLoss(zero_infinity=True)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
train_x, train_y = make_lines(400)
test_x, test_y = make_lines(100)

for epoch in range(8):
    model.train()
    for idx in torch.randperm(400).split(20):
        log_probs = model(train_x[idx]).transpose(0, 1)  # (T, N, C)
        in_len = torch.full((len(idx),), T)
        tgt_len = torch.full((len(idx),), L)
        loss = ctc(log_probs, train_y[idx], in_len, tgt_len)
        opt.zero_grad()
        loss.backward()
        opt.step()

model.eval()
with torch.no_grad():
    read = greedy(model(test_x))
truth = ["".join(SYMBOLS[k] for k in row) for row in test_y.tolist()]
exact = sum(r == t for r, t in zip(read, truth)) / len(truth)
print(f"last batch loss {loss.item():.3f}, lines read exactly: {exact:.2f}")
print(list(zip(read, truth))[:3])
