"""字符级文本分类：变长序列、打包（pack）、双向 GRU、自定义采样器按长度分桶"""
import random
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler


@dataclass
class 配置:
    轮数: int = 5
    批大小: int = 32
    学习率: float = 8e-3
    维度: int = 24
    种子: int = 2024


正面 = ["很好", "喜欢", "推荐", "满意", "不错", "精彩"]
负面 = ["很差", "讨厌", "失望", "糟糕", "难看", "无聊"]
填充词 = ["这部电影", "我觉得", "演员", "剧情", "音乐", "总的来说", "朋友说", "画面"]


def 造句(rng):
    标签 = rng.randrange(2)
    词 = rng.choices(填充词, k=rng.randint(1, 5)) + rng.choices((负面, 正面)[标签], k=rng.randint(1, 2))
    rng.shuffle(词)
    return "".join(词), 标签


class 词表:
    def __init__(self, 文本):
        # 0 = 填充, 1 = 未知字；只用训练文本建表
        self.表 = {c: i + 2 for i, c in enumerate(sorted({c for t in 文本 for c in t}))}

    def __len__(self):
        return len(self.表) + 2

    def 编码(self, t):
        return torch.tensor([self.表.get(c, 1) for c in t])


class 评论集(Dataset):
    def __init__(self, 样本, 表):
        self.数据 = [(表.编码(t), y) for t, y in 样本]

    def __len__(self):
        return len(self.数据)

    def __getitem__(self, i):
        return self.数据[i]


class 分桶采样器(Sampler):
    """长度相近的放进同一批，批的顺序每轮打乱"""

    def __init__(self, 长度, 批大小, rng):
        self.长度, self.批大小, self.rng = 长度, 批大小, rng

    def __len__(self):
        return -(-len(self.长度) // self.批大小)

    def __iter__(self):
        序 = list(range(len(self.长度)))
        self.rng.shuffle(序)
        序.sort(key=lambda i: self.长度[i])            # 稳定排序：同长度之间仍是随机的
        批 = [序[i:i + self.批大小] for i in range(0, len(序), self.批大小)]
        self.rng.shuffle(批)
        yield from 批


def 整理(batch):
    序列, 标签 = zip(*batch)
    return pad_sequence(序列, batch_first=True), torch.tensor([len(s) for s in 序列]), torch.tensor(标签).float()


class 分类器(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.emb = nn.Embedding(n, d, padding_idx=0)
        self.gru = nn.GRU(d, d, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * d, 1)

    def forward(self, x, 长度):
        p = pack_padded_sequence(self.emb(x), 长度, batch_first=True, enforce_sorted=False)
        _, h = self.gru(p)                              # h: (2, B, d)，已按原顺序还原
        return self.out(torch.cat([h[0], h[1]], dim=1)).squeeze(-1)


def 评估(模型, 加载器):
    模型.eval()
    tp = fp = fn = tn = 0
    with torch.inference_mode():
        for x, n, y in 加载器:
            预测 = 模型(x, n).sigmoid() >= 0.5
            真 = y.bool()
            tp += (预测 & 真).sum().item()
            fp += (预测 & ~真).sum().item()
            fn += (~预测 & 真).sum().item()
            tn += (~预测 & ~真).sum().item()
    f1 = 2 * tp / max(2 * tp + fp + fn, 1)
    return (tp + tn) / (tp + fp + fn + tn), f1


def main(c=配置()):
    torch.manual_seed(c.种子)
    rng = random.Random(c.种子)
    全部 = sorted({造句(rng) for _ in range(900)})       # 去重，训练和测试之间没有相同的句子
    rng.shuffle(全部)
    n = int(0.75 * len(全部))
    表 = 词表(t for t, _ in 全部[:n])
    训练, 测试 = 评论集(全部[:n], 表), 评论集(全部[n:], 表)
    训练器 = DataLoader(训练, batch_sampler=分桶采样器([len(s) for s, _ in 训练.数据], c.批大小, rng), collate_fn=整理)
    测试器 = DataLoader(测试, batch_size=64, collate_fn=整理)
    模型 = 分类器(len(表), c.维度)
    优化器 = torch.optim.Adam(模型.parameters(), lr=c.学习率)
    损失函数 = nn.BCEWithLogitsLoss()
    for 轮 in range(c.轮数):
        模型.train()
        总, 数 = 0.0, 0
        for x, 长, y in 训练器:
            损失 = 损失函数(模型(x, 长), y)
            优化器.zero_grad()
            损失.backward()
            nn.utils.clip_grad_norm_(模型.parameters(), 5.0)
            优化器.step()
            总, 数 = 总 + 损失.item() * len(y), 数 + len(y)
        print(f"第{轮 + 1}轮 训练损失 {总 / 数:.4f}")
    assert 模型.emb.weight[0].abs().sum().item() == 0    # 填充向量没有被训练
    print("测试 准确率 %.3f F1 %.3f" % 评估(模型, 测试器))


if __name__ == "__main__":
    main()
