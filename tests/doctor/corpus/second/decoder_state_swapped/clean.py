import torch
import torch.nn as nn

torch.manual_seed(19)
BOS, VOCAB, L = 8, 9, 5


class Enc(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, d)
        self.lstm = nn.LSTM(d, d, batch_first=True)

    def forward(self, src):
        _, (h, c) = self.lstm(self.emb(src))
        return h, c


class Dec(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, d)
        self.lstm = nn.LSTM(d, d, batch_first=True)
        self.out = nn.Linear(d, 8)

    def forward(self, tok, state):
        y, state = self.lstm(self.emb(tok), state)
        return self.out(y), state


class Copier(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.enc, self.dec = Enc(d), Dec(d)

    def forward(self, src, tgt):
        h, c = self.enc(src)
        bos = torch.full((src.size(0), 1), BOS)
        logits, _ = self.dec(torch.cat([bos, tgt[:, :-1]], 1), (h, c))
        return logits

    @torch.no_grad()
    def translate(self, src):
        self.eval()
        h, c = self.enc(src)
        state = (h, c)
        tok = torch.full((src.size(0), 1), BOS)
        out = []
        for _ in range(L):
            logits, state = self.dec(tok, state)
            tok = logits.argmax(-1)
            out.append(tok)
        return torch.cat(out, 1)


def data(n):
    src = torch.randint(0, 8, (n, L))
    return src, src.flip(1)


net = Copier()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(200):
    net.train()
    src, tgt = data(64)
    loss = nn.functional.cross_entropy(net(src, tgt).transpose(1, 2), tgt)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()

src, tgt = data(300)
pred = net.translate(src)
print(f"loss {loss.item():.3f}  token accuracy {(pred == tgt).float().mean().item():.3f}")
