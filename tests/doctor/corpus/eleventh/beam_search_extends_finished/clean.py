import torch
import torch.nn as nn

torch.manual_seed(11)
BOS, EOS, A = 0, 1, 2
VOCAB = 8


class NameModel(nn.Module):
    """Small recurrent LM over 'names'."""

    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(VOCAB, 16)
        self.r = nn.GRU(16, 32, batch_first=True)
        self.o = nn.Linear(32, VOCAB)

    def forward(self, x):
        return self.o(self.r(self.e(x))[0])


def sample_names(n):
    rows = []
    for _ in range(n):
        length = 2 if torch.rand(1) < 0.7 else 5
        body = [A + int(torch.randint(0, VOCAB - A, (1,)))]
        while len(body) < length:
            body.append(A + (body[-1] - A + 1 + int(torch.rand(1) < 0.2)) % (VOCAB - A))
        rows.append([BOS] + body + [EOS])
    return rows


@torch.no_grad()
def beam_search(net, first, width=3, max_len=8):
    net.eval()
    beams = [([BOS, first], 0.0)]
    for _ in range(max_len):
        cand = []
        for seq, score in beams:
            if seq[-1] == EOS:
                cand.append((seq, score))
                continue
            logp = net(torch.tensor([seq]))[0, -1].log_softmax(-1)
            top_lp, top_ix = logp.topk(width)
            for lp, ix in zip(top_lp.tolist(), top_ix.tolist()):
                cand.append((seq + [ix], score + lp))
        beams = sorted(cand, key=lambda b: b[1], reverse=True)[:width]
    best, score = beams[0]
    if EOS in best:
        best = best[:best.index(EOS) + 1]
    return best, score


net = NameModel()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
names = sample_names(400)
for epoch in range(4):
    net.train()
    total = 0.0
    for i in range(0, len(names), 40):
        chunk = [torch.tensor(r) for r in names[i:i + 40]]
        batch = nn.utils.rnn.pad_sequence(chunk, batch_first=True, padding_value=-100)
        inp, tgt = batch[:, :-1].clamp(min=0), batch[:, 1:]
        loss = nn.functional.cross_entropy(net(inp).transpose(1, 2), tgt, ignore_index=-100)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    print("epoch", epoch, "loss %.3f" % (total / 10))

for first in range(A, A + 3):
    seq, score = beam_search(net, first)
    print(first, "->", seq, "logp %.2f" % score)
