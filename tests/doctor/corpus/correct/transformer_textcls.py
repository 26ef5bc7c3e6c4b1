"""작은 트랜스포머 인코더로 합성 문장을 분류한다 (긍정/부정/중립)."""
import copy
import math
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

PAD, UNK = 0, 1


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


WORDS = {
    0: ["awful", "boring", "bad", "terrible", "dull"],
    1: ["great", "lovely", "superb", "fun", "brilliant"],
    2: ["average", "okay", "fine", "plain", "usual"],
}
FILLER = "the a movie film was plot actor scene with and it i saw yesterday quite really".split()


def make_corpus(n, rng):
    texts, labels = [], []
    for _ in range(n):
        label = rng.randrange(3)
        words = [rng.choice(FILLER) for _ in range(rng.randint(4, 12))]
        for _ in range(rng.randint(1, 3)):
            words.insert(rng.randrange(len(words) + 1), rng.choice(WORDS[label]))
        if rng.random() < 0.2:  # 잡음: 다른 클래스의 단어 하나
            words.append(rng.choice(WORDS[rng.randrange(3)]))
        texts.append(" ".join(words))
        labels.append(label)
    return texts, labels


def build_vocab(texts):
    # 어휘는 학습 문장에서만 만든다
    vocab = {"<pad>": PAD, "<unk>": UNK}
    for t in texts:
        for w in t.split():
            vocab.setdefault(w, len(vocab))
    return vocab


class TextDataset(Dataset):
    def __init__(self, texts, labels, vocab):
        self.ids = [torch.tensor([vocab.get(w, UNK) for w in t.split()]) for t in texts]
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.ids[i], self.labels[i]


def collate(batch):
    ids, labels = zip(*batch)
    padded = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=PAD)
    return padded, torch.tensor(labels)


class PositionalEncoding(nn.Module):
    def __init__(self, dim, max_len=64):
        super().__init__()
        pos = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
        pe = torch.zeros(max_len, dim)
        pe[:, 0::2] = torch.sin(pos * div)
        pe[:, 1::2] = torch.cos(pos * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[: x.size(1)]


class Classifier(nn.Module):
    def __init__(self, vocab_size, dim=32, heads=4, layers=2, classes=3):
        super().__init__()
        self.dim = dim
        self.emb = nn.Embedding(vocab_size, dim, padding_idx=PAD)
        self.pos = PositionalEncoding(dim)
        layer = nn.TransformerEncoderLayer(dim, heads, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(dim, classes)

    def forward(self, ids):
        pad = ids == PAD
        h = self.pos(self.emb(ids) * math.sqrt(self.dim))
        h = self.encoder(h, src_key_padding_mask=pad)
        keep = (~pad).unsqueeze(-1).to(h.dtype)
        return self.out((h * keep).sum(1) / keep.sum(1))  # 패딩을 뺀 평균


def evaluate(model, loader, loss_fn):
    model.eval()
    loss_sum = correct = n = 0
    with torch.no_grad():
        for ids, y in loader:
            logits = model(ids)
            loss_sum += loss_fn(logits, y).item() * len(y)
            correct += (logits.argmax(-1) == y).sum().item()
            n += len(y)
    return loss_sum / n, correct / n


def main():
    set_seed(42)
    rng = random.Random(7)
    splits = [make_corpus(n, rng) for n in (600, 150, 150)]
    vocab = build_vocab(splits[0][0])
    train_ds, val_ds, test_ds = (TextDataset(t, l, vocab) for t, l in splits)
    train_dl = DataLoader(train_ds, 32, shuffle=True, collate_fn=collate)
    val_dl = DataLoader(val_ds, 64, collate_fn=collate)
    test_dl = DataLoader(test_ds, 64, collate_fn=collate)

    model = Classifier(len(vocab))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    epochs = 5
    total, warmup = epochs * len(train_dl), len(train_dl)

    def lr_lambda(step):  # 선형 워밍업 후 선형 감소
        if step < warmup:
            return (step + 1) / warmup
        return max(0.0, (total - step) / max(1, total - warmup))

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda)
    best, best_state = float("inf"), None
    for epoch in range(epochs):
        model.train()
        for ids, y in train_dl:
            optimizer.zero_grad()
            loss = loss_fn(model(ids), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
        val_loss, val_acc = evaluate(model, val_dl, loss_fn)
        print(f"에폭 {epoch + 1}: 검증 손실 {val_loss:.4f} 정확도 {val_acc:.3f}")
        if val_loss < best:
            best, best_state = val_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    test_loss, test_acc = evaluate(model, test_dl, loss_fn)
    print(f"테스트 손실 {test_loss:.4f} 정확도 {test_acc:.3f}")


if __name__ == "__main__":
    main()
