import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence

torch.manual_seed(0)
PAD, SOS, EOS = 0, 1, 2
V = 20

# toy translation: the target is the source reversed, lengths differ a lot
def make_pairs(n):
    pairs = []
    for _ in range(n):
        L = int(torch.randint(1, 4, (1,))) if torch.rand(1) < 0.8 else 10
        s = torch.randint(3, V, (L,))
        pairs.append((s, torch.cat([torch.tensor([SOS]), s.flip(0), torch.tensor([EOS])])))
    return pairs


class Encoder(nn.Module):
    def __init__(self, hid=64):
        super().__init__()
        self.emb = nn.Embedding(V, 32, padding_idx=PAD)
        self.gru = nn.GRU(32, hid, batch_first=True)

    def forward(self, src, lens):
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(src), lens, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return h


class Decoder(nn.Module):
    def __init__(self, hid=64):
        super().__init__()
        self.emb = nn.Embedding(V, 32, padding_idx=PAD)
        self.gru = nn.GRU(32, hid, batch_first=True)
        self.fc = nn.Linear(hid, V)

    def forward(self, trg_in, h):
        o, h = self.gru(self.emb(trg_in), h)
        return self.fc(o), h


pairs = make_pairs(400)
train_pairs, valid_pairs = pairs[:320], pairs[320:]
enc, dec = Encoder(), Decoder()
optimizer = torch.optim.Adam(list(enc.parameters()) + list(dec.parameters()), lr=5e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)


def batch_loss(chunk):
    lens = torch.tensor([len(s) for s, _ in chunk])
    src = pad_sequence([s for s, _ in chunk], batch_first=True, padding_value=PAD)
    trg = pad_sequence([t for _, t in chunk], batch_first=True, padding_value=PAD)
    logits, _ = dec(trg[:, :-1], enc(src, lens))
    return criterion(logits.reshape(-1, V), trg[:, 1:].reshape(-1))


for epoch in range(6):
    order = torch.randperm(len(train_pairs)).tolist()
    running = 0.0
    for i in range(0, len(order), 32):
        loss = batch_loss([train_pairs[j] for j in order[i:i + 32]])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(list(enc.parameters()) + list(dec.parameters()), 1.0)
        optimizer.step()
        running += loss.item()
    with torch.no_grad():
        val = batch_loss(valid_pairs).item()
    print(f"epoch {epoch + 1}: train {running / 10:.3f}  valid {val:.3f}")
