"""BERT-style masked language model on short clauses of different length.  80/10/10 masking, dynamic padding."""
import random
from functools import partial

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD, MASK, CLS, SEP = range(4)
SPECIAL = 4
IGNORE = -100
SUBJ = {"she": "her", "he": "his", "they": "their", "we": "our"}
VERBS, NOUNS = "likes sees paints cleans sells".split(), "house dog car garden boat".split()
ADJ = "big red old".split()
VOCAB = ["[PAD]", "[MASK]", "[CLS]", "[SEP]", *SUBJ, *SUBJ.values(), *VERBS, *NOUNS, *ADJ]
STOI = {w: i for i, w in enumerate(VOCAB)}


def all_sentences():
    for s, poss in SUBJ.items():
        for v in VERBS:
            for adjs in ([], *[[a] for a in ADJ], *[[a, b] for a in ADJ for b in ADJ if a != b]):
                for n in NOUNS:
                    yield [CLS, *(STOI[w] for w in (s, v, poss, *adjs, n)), SEP]


def mask_tokens(ids, p, generator):
    """Returns (inputs, labels); labels are IGNORE where nothing is asked."""
    def rand():
        return torch.rand(ids.shape, generator=generator)

    chosen = (rand() < p) & (ids >= SPECIAL)                       # never [PAD], [CLS], [SEP]
    labels = ids.masked_fill(~chosen, IGNORE)
    how = rand()
    inputs = ids.masked_fill(chosen & (how < 0.8), MASK)
    swap = chosen & (how >= 0.8) & (how < 0.9)
    other = torch.randint(SPECIAL, len(VOCAB), ids.shape, generator=generator)
    return torch.where(swap, other, inputs), labels


def collate(batch, p, generator):
    ids = pad_sequence([torch.tensor(s) for s in batch], batch_first=True, padding_value=PAD)
    return mask_tokens(ids, p, generator)


class TinyBert(nn.Module):
    def __init__(self, d=32, heads=2, layers=2, max_len=10):
        super().__init__()
        self.tok = nn.Embedding(len(VOCAB), d, padding_idx=PAD)
        self.pos = nn.Parameter(torch.randn(max_len, d) * 0.02)
        layer = nn.TransformerEncoderLayer(d, heads, 2 * d, dropout=0.1, batch_first=True, norm_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(d), enable_nested_tensor=False)
        self.bias = nn.Parameter(torch.zeros(len(VOCAB)))
        nn.init.normal_(self.tok.weight, std=d ** -0.5)
        with torch.no_grad():
            self.tok.weight[PAD].zero_()

    def forward(self, ids):
        x = self.tok(ids) + self.pos[: ids.size(1)]
        x = self.encoder(x, src_key_padding_mask=ids.eq(PAD))        # True means: don't look here
        return x @ self.tok.weight.T + self.bias                      # tied with the input table


def run(model, loader, opt=None):
    """One pass; trains if an optimizer is given. Averages over the masked tokens."""
    model.train(opt is not None)
    nll = right = count = 0
    with torch.set_grad_enabled(opt is not None):
        for inputs, labels in loader:
            logits = model(inputs)
            loss = nn.functional.cross_entropy(logits.transpose(1, 2), labels, ignore_index=IGNORE)
            if opt is not None:
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                opt.step()
            k = (labels != IGNORE).sum().item()
            nll += loss.item() * k
            right += (logits.argmax(-1) == labels).sum().item()       # IGNORE is never an argmax
            count += k
    return nll / count, right / count


def main():
    torch.manual_seed(0)
    data = list(all_sentences())
    random.Random(0).shuffle(data)
    train, val = data[:-200], data[-200:]
    gen = torch.Generator().manual_seed(1)
    train_loader = DataLoader(train, 64, shuffle=True, collate_fn=partial(collate, p=0.2, generator=gen))
    # validation is masked once, and the same for all epochs
    val_batches = list(DataLoader(val, 100, collate_fn=partial(collate, p=0.2, generator=torch.Generator().manual_seed(2))))

    model = TinyBert()
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    for epoch in range(5):
        tl, ta = run(model, train_loader, opt)
        vl, va = run(model, val_batches)
        print(f"epoch {epoch} train {tl:.3f}/{ta:.3f} val {vl:.3f}/{va:.3f}")

    model.eval()
    with torch.no_grad():
        probe = [CLS, STOI["they"], STOI["sees"], MASK, STOI["boat"], SEP]
        p = model(torch.tensor([probe]))[0, 3].softmax(-1)
    print("they sees [MASK] boat ->", [(VOCAB[i], round(p[i].item(), 2)) for i in p.topk(2).indices.tolist()])


if __name__ == "__main__":
    main()
