import torch
import torch.nn as nn

PAD, MASK, N_SPECIAL, VOCAB = 0, 1, 2, 22


class MLMCollator:
    """BERT recipe: select 15 %, of these 80 % [MASK], 10 % random, 10 % unchanged."""

    def __init__(self, p=0.15, generator=None):
        self.p, self.g = p, generator

    def __call__(self, ids):
        ids, labels = ids.clone(), ids.clone()
        prob = torch.full(ids.shape, self.p)
        prob[ids < N_SPECIAL] = 0.0
        selected = torch.bernoulli(prob, generator=self.g).bool()
        u = torch.rand(ids.shape, generator=self.g)
        ids[selected & (u < 0.8)] = MASK
        rnd = selected & (u >= 0.8) & (u < 0.9)
        ids[rnd] = torch.randint(N_SPECIAL, VOCAB, (int(rnd.sum()),), generator=self.g)
        return ids, labels


class TinyBert(nn.Module):
    def __init__(self, d=48, max_len=12):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.pos = nn.Embedding(max_len, d)
        layer = nn.TransformerEncoderLayer(d, 4, 96, dropout=0.1, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.cls = nn.Linear(d, VOCAB)

    def forward(self, ids):
        h = self.tok(ids) + self.pos(torch.arange(ids.size(1)))
        return self.cls(self.enc(h, src_key_padding_mask=ids.eq(PAD)))


class Pretrainer:
    def __init__(self, model, collate, lr=2e-3):
        self.model, self.collate = model, collate
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss(ignore_index=-100)

    def step(self, ids):
        inp, labels = self.collate(ids)
        loss = self.criterion(self.model(inp).flatten(0, 1), labels.flatten())
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()

    def train(self, corpus, epochs, bs=64):
        for ep in range(epochs):
            self.model.train()
            losses = [self.step(corpus[i]) for i in torch.randperm(len(corpus)).split(bs)]
            print(f"epoch {ep}: mlm loss {sum(losses) / len(losses):.4f}")

    @torch.no_grad()
    def fill(self, ids):
        self.model.eval()
        return self.model(ids).argmax(-1)[ids == MASK].tolist()


def corpus(n):
    # arithmetic progressions with step 1 or 2 over the twenty ordinary tokens
    start, step = torch.randint(0, 20, (n, 1)), torch.randint(1, 3, (n, 1))
    return (start + step * torch.arange(12)) % 20 + N_SPECIAL


if __name__ == "__main__":
    torch.manual_seed(77)
    trainer = Pretrainer(TinyBert(), MLMCollator(generator=torch.Generator().manual_seed(77)))
    trainer.train(corpus(900), epochs=6)
    probe = corpus(5)
    truth = probe[:, 6].tolist()
    probe[:, 6] = MASK
    print("truth", truth, "filled", trainer.fill(probe))
